/// What whole numbers of a Parquet column mean.
public enum ParquetMeaning: Sendable, Equatable {
    /// Days from 1 January 1970, in 32 bits.
    case date
    /// Microseconds, or nanoseconds, from the beginning of 1970; of the world, or of a clock whose zone is not known.
    case timestamp(isUTC: Bool, hasNanoseconds: Bool)
    /// Numbers with so many digits behind the point, without it; of 18 digits at most.
    case decimal(precision: Int, scale: Int)

    /// The converted and the logical type of a schema's element (parquet.thrift).
    func write(to element: inout ThriftWriter) {
        switch self {
        case .date:
            element.field(6, int32: 6)
            element.field(10) { $0.field(6) { _ in } }
        case .timestamp(let isUTC, let hasNanoseconds):
            if isUTC, !hasNanoseconds { element.field(6, int32: 10) }
            element.field(10) { type in
                type.field(8) { time in
                    time.field(1, bool: isUTC)
                    time.field(2) { $0.field(hasNanoseconds ? 3 : 2) { _ in } }
                }
            }
        case .decimal(let precision, let scale):
            element.field(6, int32: 5)
            element.field(7, int32: scale)
            element.field(8, int32: precision)
            element.field(10) { type in
                type.field(5) { number in
                    number.field(1, int32: scale)
                    number.field(2, int32: precision)
                }
            }
        }
    }
}
