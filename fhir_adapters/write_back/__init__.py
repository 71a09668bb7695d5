"""Resources that Confer writes into a chart; built and checked without input or output."""
