"""`python -m crawler` is the `broadsheet` command."""

from crawler.cli import main

if __name__ == "__main__":
    main()
