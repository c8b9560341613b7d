# Finds the libraries once and defines nadir_module(), nadir_program() and nadir_unit_test().
find_package(PkgConfig REQUIRED)
foreach(lib libpq hiredis jansson libjwt libcurl libcrypto proj geos gdal libargon2 libarchive libseccomp libdeflate libturbojpeg libpng gdlib libxml-2.0 yaml-0.1 yajl zlib libisal)
  string(REGEX REPLACE "[^a-z0-9]" "_" target ${lib})
  pkg_check_modules(${target} QUIET IMPORTED_TARGET ${lib})
endforeach()

# Kore 4.1's compile flags stand on the first line of its `features` file. Only the adapter is compiled with them.
set(KORE_SHARE /usr/share/kore CACHE PATH "Where Kore keeps its features file")
file(STRINGS ${KORE_SHARE}/features KORE_FEATURES LIMIT_COUNT 1)
separate_arguments(KORE_FLAGS UNIX_COMMAND "${KORE_FEATURES}")

# A module: lib/<name>.so, loaded by Kore. LIBS are pkg-config targets or libraries.
# Its sources are also an object library, <name>_objects, so that unit tests link them without a server.
function(nadir_module name)
  cmake_parse_arguments(M "" "" "SOURCES;LIBS" ${ARGN})
  add_library(${name}_objects OBJECT ${M_SOURCES})
  target_link_libraries(${name}_objects PUBLIC nadir ${M_LIBS})
  add_library(${name} MODULE)
  target_link_libraries(${name} PRIVATE ${name}_objects)
  set_target_properties(${name} PROPERTIES PREFIX "" BUILD_RPATH "$ORIGIN")
  if(NOT NADIR_SANITIZE) # a source that is missing is noticed here, not when the module starts
    target_link_options(${name} PRIVATE -Wl,-z,defs)
  endif()
endfunction()

# A program: bin/<name>.
function(nadir_program name)
  cmake_parse_arguments(P "" "" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${P_SOURCES})
  target_link_libraries(${name} PRIVATE nadir ${P_LIBS})
  set_target_properties(${name} PROPERTIES BUILD_RPATH "$ORIGIN/../lib")
endfunction()

# A cmocka program, run by ctest. Tests that need PostgreSQL or Redis read NADIR_TEST_PG and NADIR_TEST_REDIS and skip loudly without.
function(nadir_unit_test name)
  cmake_parse_arguments(T "" "" "SOURCES;LIBS" ${ARGN})
  add_executable(test_${name} ${T_SOURCES})
  target_link_libraries(test_${name} PRIVATE nadir cmocka ${T_LIBS})
  set_target_properties(test_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND test_${name})
endfunction()
