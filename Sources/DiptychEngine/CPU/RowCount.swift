/// How many rows the matrix products of texts compute.
///
/// Texts come in any length, so that nearly every batch has a number of rows of its own, and oneDNN compiles each product
/// for one number. Filled up to a few numbers, batches share what was compiled.
enum RowCount {
    /// `rows` and a few more, at most an eighth: the smallest number not below it that products are compiled for.
    static func filledUp(_ rows: Int) -> Int {
        let step =
            switch rows {
            case ...4: 1
            case ...64: 4
            case ...128: 8
            case ...512: 16
            default: 32
            }
        return (rows + step - 1) / step * step
    }
}
