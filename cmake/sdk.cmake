# What a user of the SDKs links: one library that holds both, in a static and a shared form
# (docs/decisions/0008-one-sdk-library.md). Both forms are made of the objects the layers already
# have; nothing is compiled twice.

# restante_sdk_parts(<layers> <libraries> <target>...): every layer below the targets that has
# objects, and every library from elsewhere that these link.
function(restante_sdk_parts layers_out libraries_out)
  set(layers "")
  set(libraries "")
  set(waiting ${ARGN})
  set(seen "")
  while(waiting)
    list(POP_FRONT waiting target)
    if(target IN_LIST seen)
      continue()
    endif()
    list(APPEND seen ${target})
    if(target MATCHES "^restante_")
      get_target_property(type ${target} TYPE)
      get_target_property(links ${target} INTERFACE_LINK_LIBRARIES)
      if(type STREQUAL "STATIC_LIBRARY")
        list(APPEND layers ${target})
      endif()
      list(FILTER links EXCLUDE REGEX "LINK_ONLY|-NOTFOUND$")
      list(APPEND waiting ${links})
    elseif(NOT target STREQUAL "Boost::headers")  # nothing of it is left once compiled
      list(APPEND libraries ${target})
    endif()
  endwhile()
  set(${layers_out} ${layers} PARENT_SCOPE)
  set(${libraries_out} ${libraries} PARENT_SCOPE)
endfunction()

# restante_sdk_exports(<file> <header>...): the version script that makes visible what the public
# headers declare, class by class, and nothing else. Types within a class, `Impl` above all, begin
# with a capital and stay hidden.
function(restante_sdk_exports file)
  set(patterns "")
  foreach(header ${ARGN})
    file(STRINGS ${header} lines REGEX "^(class|struct) [A-Za-z0-9]+.*[^;]$")
    foreach(line ${lines})
      string(REGEX REPLACE "^(class|struct) ([A-Za-z0-9]+).*" "\\2" name "${line}")
      # The last stands for its type information and its virtual table, where it has them.
      string(APPEND patterns "      restante::${name}::[a-z~]*;\n"
             "      restante::${name}::${name}*;\n      *?for?restante::${name};\n")
    endforeach()
  endforeach()
  # A class that is added to a header is exported by the next build.
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${ARGN})
  file(CONFIGURE OUTPUT ${file} CONTENT
    "{\n  global:\n    extern \"C++\" {\n${patterns}    };\n  local: *;\n};\n" @ONLY)
endfunction()

restante_sdk_parts(sdk_layers sdk_libraries restante_sdk_device restante_sdk_service)
list(TRANSFORM sdk_layers REPLACE "(.+)" "$<TARGET_OBJECTS:\\1>" OUTPUT_VARIABLE sdk_objects)
file(GLOB_RECURSE sdk_headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/sdk/*/include/*.hpp)
set(sdk_exports ${PROJECT_BINARY_DIR}/sdk_exports.map)
restante_sdk_exports(${sdk_exports} ${sdk_headers})

foreach(form static shared)
  string(TOUPPER ${form} type)
  add_library(restante_sdk_${form} ${type} ${sdk_objects})
  target_link_libraries(restante_sdk_${form} PRIVATE ${sdk_libraries})
  target_compile_features(restante_sdk_${form} INTERFACE cxx_std_17)
  target_include_directories(restante_sdk_${form} INTERFACE $<INSTALL_INTERFACE:include>)
  set_target_properties(restante_sdk_${form} PROPERTIES
    LINKER_LANGUAGE CXX OUTPUT_NAME restante-sdk EXPORT_NAME sdk_${form})
endforeach()
target_link_options(restante_sdk_shared PRIVATE
  -fuse-ld=lld-19 LINKER:--version-script=${sdk_exports} LINKER:--no-undefined)
# Before 1.0 a minor version may change the interface (docs/packages.md).
set_target_properties(restante_sdk_shared PROPERTIES
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
  LINK_DEPENDS ${sdk_exports})
