"""What is a linear support vector machine told, how is it trained, and what are its scores worth as probabilities?"""
