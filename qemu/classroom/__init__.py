"""A room of machines: seats, report, faults, scenarios."""
