"""From texts to a plan: parameters, questions, device selectors, the interview, `explain`."""
