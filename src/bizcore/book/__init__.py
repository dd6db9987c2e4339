"""One book engine for money, goods and cost: postings, lots, matching, and the two laws every entry keeps."""
