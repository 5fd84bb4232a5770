"""FEM and GTAL: rewards that are linear in fixed features."""
