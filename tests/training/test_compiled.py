"""Compiled networks learn the same, a killed run goes on to the same bytes, and what was compiled is
told apart from the steps."""
