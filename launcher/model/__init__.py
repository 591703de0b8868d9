"""Plain frozen values and the rules on them: machine, plan, outcome, result, and how they are put in words."""
