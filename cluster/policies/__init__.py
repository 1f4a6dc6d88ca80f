"""Pure decisions: what should change, given what is seen. No module here sends, waits or reads a clock."""
