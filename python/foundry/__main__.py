"""`python -m foundry`: the same as the `foundry` command."""

from foundry.cli import main

if __name__ == "__main__":
    main()
