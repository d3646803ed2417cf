"""`python -m pipeline.cli` is `unroll`."""

from pipeline.cli import main

if __name__ == "__main__":
    main()
