"""The rules by name, and the violations that the self-test plants for each.

A rule is a generator with the decorator @rule: it takes a Tree and yields findings, and names in
the decorator the trees in which it must fire.
"""

RULES = {}
PLANTED = {}


def rule(name, plants):
    """Registers a rule; `plants` is a list of {path: text} trees in each of which it must fire."""
    def register(check):
        RULES[name] = check
        PLANTED[name] = plants
        return check
    return register
