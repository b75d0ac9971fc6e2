# For hands that type `make`: everything is in ./run.
.PHONY: demo test check fix dev bench real
demo test check fix dev bench real:
	@./run $@
