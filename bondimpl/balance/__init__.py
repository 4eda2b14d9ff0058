"""What balance-tlb and balance-alb are made of."""
