"""urwid: the loop, widgets and pages."""
