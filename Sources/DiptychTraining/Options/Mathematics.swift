internal import Foundation

// What little mathematics training needs of Foundation, so that its types keep free of it.
func cosine(_ x: Double) -> Double { cos(x) }
func exponential(_ x: Double) -> Double { exp(x) }
func logarithm(_ x: Double) -> Double { log(x) }
