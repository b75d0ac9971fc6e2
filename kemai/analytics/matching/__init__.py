"""Finding records that mean the same person or company: blocking, agreement in levels, weights learnt without labels.

Pairs are weighed against two alternatives, not one: that they have nothing to do with each other, and that they are
*related* (sister companies, a family at one telephone). Most false merges are of the second kind: such pairs share a
brand, an owner, a switchboard, so any number of these says only that they are related, and what tells doubles from
sisters is the trade, the branch, the credit code, the given name. See docs/adr/016."""
