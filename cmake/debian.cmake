# The Debian packages, by CPack: `restante`, the hub with its service, and `librestante-dev`, what
# compiling against the SDKs takes. CPack reads the same install rules as `cmake --install`, builds
# nothing again, and lets dpkg-shlibdeps find what the programs depend on.
set(debian ${PROJECT_SOURCE_DIR}/packaging/debian)

# Belongs to a system, not to a prefix: installed into the package alone.
install(FILES ${debian}/restante.service DESTINATION /lib/systemd/system
        COMPONENT service EXCLUDE_FROM_ALL)
install(FILES ${debian}/restante.toml DESTINATION /etc/restante
        COMPONENT service EXCLUDE_FROM_ALL)
install(FILES ${debian}/copyright DESTINATION /usr/share/doc/restante
        COMPONENT service EXCLUDE_FROM_ALL)
install(FILES ${debian}/copyright DESTINATION /usr/share/doc/librestante-dev
        COMPONENT sdk-documents EXCLUDE_FROM_ALL)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME restante)
set(CPACK_PACKAGE_CONTACT "Restante <restante@localhost>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ
    GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL hub service sdk sdk-documents)
set(CPACK_COMPONENT_HUB_GROUP restante)
set(CPACK_COMPONENT_SERVICE_GROUP restante)
set(CPACK_COMPONENT_SDK_GROUP librestante-dev)
set(CPACK_COMPONENT_SDK-DOCUMENTS_GROUP librestante-dev)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_RESTANTE_PACKAGE_NAME restante)
set(CPACK_DEBIAN_RESTANTE_PACKAGE_SECTION net)
set(CPACK_DEBIAN_RESTANTE_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_RESTANTE_PACKAGE_DEPENDS adduser)
set(CPACK_DEBIAN_RESTANTE_DESCRIPTION "IoT hub that keeps messages for devices
A back end leaves a message for a device; the hub keeps it safely on disk; the
device gets it whenever it calls. Speaks MQTT, AMQP and HTTPS as Azure IoT Hub
does. This package has the hub, run as a service, and its command line.")
set(CPACK_DEBIAN_RESTANTE_PACKAGE_CONTROL_EXTRA
    ${debian}/conffiles ${debian}/postinst ${debian}/prerm ${debian}/postrm)

set(CPACK_DEBIAN_LIBRESTANTE-DEV_PACKAGE_NAME librestante-dev)
set(CPACK_DEBIAN_LIBRESTANTE-DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_LIBRESTANTE-DEV_PACKAGE_DEPENDS "libssl-dev (>= 3.0), libfmt-dev")
set(CPACK_DEBIAN_LIBRESTANTE-DEV_DESCRIPTION "SDKs for devices and back ends of an IoT hub
IoTHubDeviceClient and IoTHubRegistryManager for C++: the headers, a static
library of both, and what CMake and pkg-config need to find them.")
include(CPack)
