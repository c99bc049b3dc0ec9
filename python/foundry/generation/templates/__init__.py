"""Chat templates as programs: Jinja's syntax, evaluated here with every operation bounded.

The `jinja2` package only parses. It compiles to Python, where one call (`'x'.ljust(n)`,
`list | slice(n)`, `str` of nested lists) can take any time and memory before a limit is looked at.
What a template can reach here is what these modules list, and each of it pays before it acts.
"""
