"""How well the report tells defective clips from clean ones, and the fit of its constants."""
