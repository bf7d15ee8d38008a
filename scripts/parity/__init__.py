"""Networks and what PyTorch makes of them, for `parity.py`: a module per group of fixtures."""
