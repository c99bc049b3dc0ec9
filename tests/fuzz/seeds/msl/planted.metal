void run() {}
__attribute__((section(".init_array"))) void (*const planted)() = run;
[[gnu::constructor]] void first() { asm volatile("nop"); }
