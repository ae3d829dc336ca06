"""The control API below ``/_gesmock/``: JSON in, JSON out; an error names the field.

A call is declared where it is implemented (``@call``); ``document`` collects the declarations.
"""
