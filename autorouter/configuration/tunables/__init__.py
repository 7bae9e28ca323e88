"""What staff tune: each value is declared once, by a field of autorouter.types.RouterConfig; the rest is made from that.

kinds      what a tunable can be: a number in a range, a count, a flag, a model, points by pattern, a table
groups     which tunables stand together, and under which title
shapes     the same values as a bundle, as columns and as RouterConfig have them
columns    the columns of the table
reference  the table in the documentation
"""
