"""What people read: tables with intervals, sample grids, plots and the HTML report."""
