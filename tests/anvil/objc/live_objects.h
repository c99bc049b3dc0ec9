// Tests that count the objects of every class, whoever made them.
#pragma once

/// Runs the test in a pool of its own. It fails unless as many objects of each class are there
/// after it as before.
void counted(const char* name, void (*test)(void));
