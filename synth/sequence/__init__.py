"""Several shots become one film."""
