"""More than one machine: the questions' queue, and news from the others. Knows procrastinate."""
