"""Compare two versions of files: tables, pictures, notebooks, text, arrays; knows neither the Hub nor a page."""
