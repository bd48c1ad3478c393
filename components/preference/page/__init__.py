"""The page that an annotator answers a study on."""
