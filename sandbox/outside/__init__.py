"""Asking other hosts, whose names strangers give: addresses are judged first, and answers are read within bounds."""
