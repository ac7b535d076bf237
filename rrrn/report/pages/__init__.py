"""The pages of the report: one module each, whose ``page`` is what its template is filled with."""
