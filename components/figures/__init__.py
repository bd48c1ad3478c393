"""A measured figure: value, interval, protocol, what each image adds; differences; standing."""
