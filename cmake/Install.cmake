# Two layouts of one tree: a C++ prefix (lib/, include/, libexec/foundry/) and, for the wheel, the
# same folders inside the Python package, so that libraries and the compiler find each other alike.
include(CMakePackageConfigHelpers)

set(FOUNDRY_INSTALL_CMAKEDIR ${CMAKE_INSTALL_LIBDIR}/cmake/Foundry)
install(EXPORT FoundryTargets NAMESPACE Foundry:: DESTINATION ${FOUNDRY_INSTALL_CMAKEDIR}
        COMPONENT development)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/cpp/foundry DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        COMPONENT development FILES_MATCHING PATTERN "*.hpp" PATTERN "metal_*.hpp" EXCLUDE)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/FoundryConfig.cmake.in
  ${CMAKE_BINARY_DIR}/FoundryConfig.cmake INSTALL_DESTINATION ${FOUNDRY_INSTALL_CMAKEDIR})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/FoundryConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/FoundryConfig.cmake ${CMAKE_BINARY_DIR}/FoundryConfigVersion.cmake
        DESTINATION ${FOUNDRY_INSTALL_CMAKEDIR} COMPONENT development)
