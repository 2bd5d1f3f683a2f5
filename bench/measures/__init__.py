"""What `make bench` measures: one module for each question, each with a function measure(world)."""
