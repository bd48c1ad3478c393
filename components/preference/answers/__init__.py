"""The answers to a study, from whatever wrote them down to choices that can be analysed."""
