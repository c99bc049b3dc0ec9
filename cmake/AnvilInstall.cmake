# Anvil by itself: find_package(Anvil) and pkg-config, the headers that Apple's SDK would bring, and
# lib/anvil with the names under which programs and loaders look for the frameworks.
include(CMakePackageConfigHelpers)

set(sdk ${CMAKE_INSTALL_INCLUDEDIR}/anvil/sdk)
set(config ${CMAKE_INSTALL_LIBDIR}/cmake/Anvil)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/cpp/anvil/sdk/ DESTINATION ${sdk} COMPONENT development
        FILES_MATCHING PATTERN "*.h")
install(DIRECTORY ${ANVIL_GENERATED_SDK}/ DESTINATION ${sdk} COMPONENT development
        FILES_MATCHING PATTERN "*.h")
install(DIRECTORY ${metal_cpp_dir}/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/anvil/metal-cpp
        COMPONENT development FILES_MATCHING PATTERN "*.hpp" PATTERN "LICENSE*")

set(libraries anvil anvil-objc)
if(TARGET anvil-mps)
  list(APPEND libraries anvil-mps)
endif()
install(TARGETS ${libraries} EXPORT AnvilTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT development
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
install(EXPORT AnvilTargets NAMESPACE Anvil:: DESTINATION ${config} COMPONENT development)
set(anvil_sdk ${sdk})
set(anvil_metal_cpp ${CMAKE_INSTALL_INCLUDEDIR}/anvil/metal-cpp)
set(anvil_frameworks ${CMAKE_INSTALL_LIBDIR}/anvil)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/AnvilConfig.cmake.in
  ${CMAKE_BINARY_DIR}/AnvilConfig.cmake INSTALL_DESTINATION ${config}
  PATH_VARS anvil_sdk anvil_metal_cpp anvil_frameworks)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/AnvilConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/AnvilConfig.cmake ${CMAKE_BINARY_DIR}/AnvilConfigVersion.cmake
        DESTINATION ${config} COMPONENT development)
foreach(name IN LISTS libraries)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/${name}.pc.in ${CMAKE_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${CMAKE_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
          COMPONENT development)
endforeach()

# A folder of their own: on a library path only where somebody asks for it, so that nobody else's
# -lobjc finds them.
if(BUILD_SHARED_LIBS)
  set(names "")
  foreach(pair anvil:Metal anvil:MetalKit anvil:QuartzCore anvil:CoreGraphics anvil:IOSurface
               anvil-objc:objc anvil-objc:Foundation anvil-objc:CoreFoundation anvil-objc:dispatch
               anvil-objc:System anvil-mps:MetalPerformanceShaders)
    string(REPLACE ":" ";" pair ${pair})
    list(POP_FRONT pair target name)
    set(link ${CMAKE_LIBRARY_OUTPUT_DIRECTORY}/anvil/lib${name}.so)
    file(MAKE_DIRECTORY ${CMAKE_LIBRARY_OUTPUT_DIRECTORY}/anvil)
    file(CREATE_LINK ../lib${target}.so.${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR} ${link} SYMBOLIC)
    list(APPEND names ${link})
  endforeach()
  install(FILES ${names} DESTINATION ${CMAKE_INSTALL_LIBDIR}/anvil COMPONENT development)
endif()
