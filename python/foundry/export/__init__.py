"""A model as a folder that C++ generates text from: docs/programs.md."""
