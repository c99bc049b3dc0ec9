void f(int ] constant float x[4]) {}
