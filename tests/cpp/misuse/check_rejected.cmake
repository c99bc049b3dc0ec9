# Compiles SOURCE, which must succeed, then with FOUNDRY_MISUSE, which must fail with the text that
# the file expects.
file(STRINGS ${SOURCE} expected REGEX "^// rejected: ")
string(REGEX REPLACE "^// rejected: " "" expected "${expected}")
if(expected STREQUAL "")
  message(FATAL_ERROR "${SOURCE} has no line '// rejected: TEXT'")
endif()

separate_arguments(flags NATIVE_COMMAND "${FLAGS}")
set(command ${COMPILER} ${flags} -std=c++20 -fsyntax-only -I${INCLUDE} ${SOURCE})
execute_process(COMMAND ${command} RESULT_VARIABLE result ERROR_VARIABLE log)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "the right use does not compile:\n${log}")
endif()

execute_process(COMMAND ${command} -DFOUNDRY_MISUSE RESULT_VARIABLE result ERROR_VARIABLE log)
if(result EQUAL 0)
  message(FATAL_ERROR "the misuse compiles")
endif()
# Versions of clang differ in these.
string(REPLACE "foundry::" "" log "${log}")
string(REPLACE "> >" ">>" log "${log}")
string(REGEX REPLACE "([0-9])(ULL|UL)" "\\1" log "${log}")
string(FIND "${log}" "${expected}" position)
if(position EQUAL -1)
  message(FATAL_ERROR "the misuse is rejected for another reason than '${expected}':\n${log}")
endif()
