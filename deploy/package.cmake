# What is installed where, and the Debian package:
#   cmake --install build/release       the files, right below /, or below a DESTDIR
#   cd build/release && cpack           outreachd_VERSION_ARCHITECTURE.deb

if(CMAKE_INSTALL_PREFIX_INITIALIZED_TO_DEFAULT)
  # The units name /usr/bin/outreachd, the program /etc/outreachd.
  set_property(CACHE CMAKE_INSTALL_PREFIX PROPERTY VALUE /)
endif()

install(TARGETS outreachd RUNTIME DESTINATION usr/bin)
install(FILES deploy/debian/outreachd.yaml DESTINATION etc/outreachd)
install(FILES systemd/outreachd.service systemd/outreachd.socket systemd/outreachd-retry.timer
        DESTINATION lib/systemd/system)
install(FILES systemd/sysusers.conf DESTINATION usr/lib/sysusers.d RENAME outreachd.conf)
install(FILES deploy/bash_completion.sh DESTINATION usr/share/bash-completion/completions RENAME outreachd)
install(FILES deploy/outreachd.8 DESTINATION usr/share/man/man8)
# In folders as here, so that links between the pages lead somewhere.
set(documents usr/share/doc/outreachd)
install(FILES README.md deploy/debian/copyright DESTINATION ${documents})
install(FILES CHANGELOG.md DESTINATION ${documents} RENAME changelog)
install(DIRECTORY config/ DESTINATION ${documents}/config)
install(DIRECTORY systemd/examples DESTINATION ${documents}/systemd)
install(DIRECTORY deploy/ DESTINATION ${documents}/deploy
        FILES_MATCHING PATTERN *.md PATTERN *.yaml PATTERN *.json PATTERN *.conf PATTERN debian EXCLUDE)

# Debian's own changelog says that there is a package, the other one what is new.
set(package_release 1)
string(TIMESTAMP package_date "%a, %d %b %Y %H:%M:%S +0000" UTC) # SOURCE_DATE_EPOCH where it is set
set(package_contact "outreachd <outreachd@outreachd.example>"
    CACHE STRING "Who is named as the maintainer of the Debian package")
file(CONFIGURE OUTPUT changelog.Debian CONTENT [[
outreachd (@PROJECT_VERSION@-@package_release@) stable; urgency=medium

  * Built from the sources of this version; changelog.gz says what is new.

 -- @package_contact@  @package_date@
]] @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/changelog.Debian DESTINATION ${documents})
install(CODE [[
  set(share "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/usr/share")
  execute_process(COMMAND gzip -9nf "${share}/man/man8/outreachd.8" "${share}/doc/outreachd/changelog"
                          "${share}/doc/outreachd/changelog.Debian"
                  COMMAND_ERROR_IS_FATAL ANY)
]])

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGING_INSTALL_PREFIX /)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_CONTACT "${package_contact}")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE ${package_release})
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "rabbitmq-server, jq")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "receiver of Outreach webhooks that loses no event")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Outreach, a sales-engagement platform, POSTs an event to a URL whenever
something changes, and takes any HTTP answer as delivered. outreachd proves
that an event is genuine, writes it to disk, answers only then, and hands it
to the handlers that a YAML file names: files, programs, HTTP, RabbitMQ, calls
to the Outreach API.")
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/debian/conffiles "/etc/outreachd/outreachd.yaml\n")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${CMAKE_CURRENT_SOURCE_DIR}/deploy/debian/postinst ${CMAKE_CURRENT_SOURCE_DIR}/deploy/debian/prerm
  ${CMAKE_CURRENT_SOURCE_DIR}/deploy/debian/postrm ${CMAKE_CURRENT_BINARY_DIR}/debian/conffiles)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
