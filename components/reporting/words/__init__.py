"""What the report says in words: of settings, comparisons, copies, distillation."""
