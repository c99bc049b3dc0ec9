/* A shared object without the entry. */
int anvil_nothing(void) {
  return 0;
}
