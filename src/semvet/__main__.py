"""`python -m semvet` is `semvet`."""

from semvet.cli.start import main

if __name__ == "__main__":
    main()
