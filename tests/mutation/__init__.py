"""Mutation testing: which changes of the rules of interpretation does no case notice?"""
