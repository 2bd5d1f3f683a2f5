# What `cmake --install` lays out: component `hub`, the `restante` command, and component `sdk`, what
# compiling against the SDKs takes. docs/packages.md shows both.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS restante RUNTIME COMPONENT hub)

foreach(sdk common device service)
  install(DIRECTORY sdk/${sdk}/include/ TYPE INCLUDE COMPONENT sdk)
endforeach()

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/restante)
foreach(form static shared)
  install(TARGETS restante_sdk_${form} EXPORT restante-${form}
          ARCHIVE COMPONENT sdk
          LIBRARY COMPONENT sdk-${form} NAMELINK_COMPONENT sdk-${form})
endforeach()
install(EXPORT restante-static NAMESPACE restante:: DESTINATION ${package_dir} COMPONENT sdk)
install(EXPORT restante-shared NAMESPACE restante:: DESTINATION ${package_dir}
        COMPONENT sdk-shared)

configure_package_config_file(packaging/cmake/restante-config.cmake.in restante-config.cmake
                              INSTALL_DESTINATION ${package_dir})
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file(restante-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/restante-config.cmake
              ${PROJECT_BINARY_DIR}/restante-config-version.cmake
        DESTINATION ${package_dir} COMPONENT sdk)

# The folder of a .pc file says where everything else is, so that a prefix may be moved.
file(RELATIVE_PATH pc_to_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
foreach(sdk device service)
  configure_file(packaging/pkgconfig/restante-${sdk}.pc.in restante-${sdk}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/restante-${sdk}.pc
          DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT sdk)
endforeach()
