# What is installed where, and the Debian package:
#   cmake --install build/release       the files, right below /, or below a DESTDIR
#   cd build/release && cpack           outreachd_VERSION_ARCHITECTURE.deb

if(CMAKE_INSTALL_PREFIX_INITIALIZED_TO_DEFAULT)
  # The units name /usr/bin/outreachd, the program /etc/outreachd.
  set_property(CACHE CMAKE_INSTALL_PREFIX PROPERTY VALUE /)
endif()

install(TARGETS outreachd RUNTIME DESTINATION usr/bin)
install(FILES deploy/debian/outreachd.yaml DESTINATION etc/outreachd)
install(FILES deploy/debian/logrotate DESTINATION etc/logrotate.d RENAME outreachd)
install(FILES systemd/outreachd.service systemd/outreachd.socket systemd/outreachd-retry.timer
        DESTINATION lib/systemd/system)
if(SYSTEMD_VERSION VERSION_GREATER_EQUAL 254) # earlier ones complain of it
  install(FILES systemd/outreachd.service.d/restart_mode.conf DESTINATION lib/systemd/system/outreachd.service.d)
endif()
install(FILES systemd/sysusers.conf DESTINATION usr/lib/sysusers.d RENAME outreachd.conf)
install(FILES deploy/completions/outreachd.bash DESTINATION usr/share/bash-completion/completions RENAME outreachd)
install(FILES deploy/completions/_outreachd DESTINATION usr/share/zsh/vendor-completions)
install(FILES deploy/completions/outreachd.fish DESTINATION usr/share/fish/vendor_completions.d)

# The manual: outreachd(8) as it stands, outreachd.yaml(5) made of the reference.
function(imports_markdown_it is_valid candidate)
  execute_process(COMMAND ${candidate} -c "import markdown_it" RESULT_VARIABLE status OUTPUT_QUIET ERROR_QUIET)
  if(NOT status EQUAL 0)
    set(${is_valid} FALSE PARENT_SCOPE)
  endif()
endfunction()
# The first python3 may be another than Debian's, whose libraries that one doesn't have.
find_program(PYTHON_WITH_MARKDOWN_IT python3 VALIDATOR imports_markdown_it DOC "A python3 that has markdown_it")
if(NOT PYTHON_WITH_MARKDOWN_IT)
  message(FATAL_ERROR "The manual page outreachd.yaml(5) is made of config/reference.md by a python3 that can "
                      "import markdown_it, and there is none: install Debian's python3-markdown-it "
                      "(deploy/packages build), or give one as PYTHON_WITH_MARKDOWN_IT")
endif()
set(configuration_page ${CMAKE_CURRENT_BINARY_DIR}/outreachd.yaml.5)
string(TIMESTAMP page_date "%Y-%m-%d" UTC) # SOURCE_DATE_EPOCH where it is set
add_custom_command(OUTPUT ${configuration_page}
  COMMAND ${PYTHON_WITH_MARKDOWN_IT} -B deploy/reference_page.py
          config/reference.md ${configuration_page} ${PROJECT_VERSION} ${page_date}
  DEPENDS config/reference.md deploy/reference_page.py
  WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} COMMENT "Making outreachd.yaml(5)" VERBATIM)
add_custom_target(outreachd_manual ALL DEPENDS ${configuration_page})
# So that what is installed is there where the program is built alone, too.
add_dependencies(outreachd outreachd_manual)
install(FILES deploy/outreachd.8 DESTINATION usr/share/man/man8)
install(FILES ${configuration_page} DESTINATION usr/share/man/man5)

# In folders as here, so that links between the pages lead somewhere.
set(documents usr/share/doc/outreachd)
install(FILES README.md deploy/debian/copyright DESTINATION ${documents})
install(FILES CHANGELOG.md DESTINATION ${documents} RENAME changelog)
install(DIRECTORY config/ DESTINATION ${documents}/config)
install(DIRECTORY systemd/examples systemd/outreachd.service.d DESTINATION ${documents}/systemd)
install(DIRECTORY deploy/ DESTINATION ${documents}/deploy
        FILES_MATCHING PATTERN *.md PATTERN *.yaml PATTERN *.json PATTERN *.conf PATTERN debian EXCLUDE)

# Debian's own changelog says that there is a package, the other one what is new.
set(package_release 1)
string(TIMESTAMP package_date "%a, %d %b %Y %H:%M:%S +0000" UTC) # SOURCE_DATE_EPOCH where it is set
set(OUTREACHD_PACKAGE_CONTACT "outreachd <outreachd@outreachd.example>"
    CACHE STRING "Who is named as the maintainer of the Debian package")
file(CONFIGURE OUTPUT changelog.Debian CONTENT [[
outreachd (@PROJECT_VERSION@-@package_release@) stable; urgency=medium

  * Built from the sources of this version; changelog.gz says what is new.

 -- @OUTREACHD_PACKAGE_CONTACT@  @package_date@
]] @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/changelog.Debian DESTINATION ${documents})
install(CODE [[
  set(share "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/usr/share")
  execute_process(COMMAND gzip -9nf "${share}/man/man8/outreachd.8" "${share}/man/man5/outreachd.yaml.5"
                          "${share}/doc/outreachd/changelog" "${share}/doc/outreachd/changelog.Debian"
                  COMMAND_ERROR_IS_FATAL ANY)
]])

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGING_INSTALL_PREFIX /)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_CONTACT "${OUTREACHD_PACKAGE_CONTACT}")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE ${package_release})
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "rabbitmq-server, jq, logrotate")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "receiver of Outreach webhooks that loses no event")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Outreach, a sales-engagement platform, POSTs an event to a URL whenever
something changes, and takes any HTTP answer as delivered. outreachd proves
that an event is genuine, writes it to disk, answers only then, and hands it
to the handlers that a YAML file names: files, programs, HTTP, RabbitMQ, calls
to the Outreach API.")
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/debian/conffiles "/etc/logrotate.d/outreachd\n/etc/outreachd/outreachd.yaml\n")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${CMAKE_CURRENT_SOURCE_DIR}/deploy/debian/postinst ${CMAKE_CURRENT_SOURCE_DIR}/deploy/debian/prerm
  ${CMAKE_CURRENT_SOURCE_DIR}/deploy/debian/postrm ${CMAKE_CURRENT_BINARY_DIR}/debian/conffiles)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
