# Strict warnings for our own code, and the sanitizers a preset asks for.
add_library(restante_options INTERFACE)
target_compile_options(restante_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
  -Wnon-virtual-dtor -Werror
  # Naming only the fields that differ from their default is what designated initialisers are for.
  -Wno-missing-designated-field-initializers)
target_compile_definitions(restante_options INTERFACE
  RESTANTE_VERSION="${PROJECT_VERSION}"
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_SEPARATE_COMPILATION BOOST_ERROR_CODE_HEADER_ONLY)
# The sanitizers are for every object, the examples' too: of an inline function that one object
# carries instrumented and another not, the linker may keep the latter for the whole program.
if(RESTANTE_SANITIZE)
  add_compile_options(-fsanitize=${RESTANTE_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${RESTANTE_SANITIZE})
endif()
