"""The example pictures: scenes made of formulas, and the path tracer that photographs them."""
