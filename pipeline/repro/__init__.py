"""`unroll repro`: DVC's graph, with stages that do not depend on each other side by side.

plan       which stages may have to run, and what each waits for: DVC is asked once
order      dvc.lock with its entries where `dvc repro` would put them
one_stage  the process of one stage: DVC, and all below it
job        one stage at work: its log, its exit code, its end
shown      what is said of them meanwhile
schedule   who starts when, and what happens when one fails or somebody says stop
"""
