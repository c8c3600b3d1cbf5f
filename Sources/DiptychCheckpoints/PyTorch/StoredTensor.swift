/// A tensor over a part of a storage, in any order that strides can say, checked to stay inside.
struct StoredTensor {
    /// The most extents that a tensor may have, as in PyTorch.
    static let maximumRank = 64

    /// Why a tensor is refused.
    struct Fault: Error { let reason: String }

    /// The type of one element.
    let elementType: ElementType
    /// The extents, outermost first.
    let shape: [Int]
    /// The number of elements.
    let count: Int
    /// Whether the elements lie one after the other, the last extent fastest.
    let isContiguous: Bool
    /// Where the first element lies in the file.
    private let start: Int
    /// How many elements apart neighbours are along each extent; zero where there are no neighbours.
    private let strides: [Int]

    /// Checks that all elements lie in `storage`, a part of the file.
    init(storage: Range<Int>, elementType: ElementType, offset: Int, shape: [Int], strides: [Int]) throws {
        let available = storage.count / elementType.byteCount
        func fault() -> Fault {
            Fault(
                reason: "a tensor of shape \(shape), strides \(strides) and offset \(offset) does not fit its storage "
                    + "of \(available) elements")
        }
        guard shape.count == strides.count, offset >= 0, shape.allSatisfy({ $0 >= 0 }), strides.allSatisfy({ $0 >= 0 })
        else { throw fault() }
        self.elementType = elementType
        self.shape = shape
        self.strides = zip(shape, strides).map { $0 > 1 ? $1 : 0 }
        if shape.contains(0) {
            // The offset and strides of an empty tensor mean nothing, but its extents still get multiplied.
            var product = 1
            for extent in shape {
                let (next, many) = product.multipliedReportingOverflow(by: extent)
                guard !many else { throw fault() }
                product = next
            }
            (count, isContiguous, start) = (0, true, storage.lowerBound)
            return
        }
        // Strides of zero repeat elements, so the count can be any number; its bytes must be one, too.
        var (count, last, contiguous) = (1, offset, true)
        for (extent, stride) in zip(shape, self.strides).reversed() where extent > 1 {
            contiguous = contiguous && stride == count
            let (reach, far) = (extent - 1).multipliedReportingOverflow(by: stride)
            let (end, further) = last.addingReportingOverflow(reach)
            let (product, many) = count.multipliedReportingOverflow(by: extent)
            guard !far, !further, !many, product <= Int.max / 16 else { throw fault() }
            (last, count) = (end, product)
        }
        guard last < available else { throw fault() }
        (self.count, isContiguous) = (count, contiguous)
        start = storage.lowerBound + offset * elementType.byteCount
    }

    /// The bytes that the elements take in order.
    var byteCount: Int { count * elementType.byteCount }

    /// The tensor as it lies in `file`. It must be contiguous.
    func bytes(in file: MappedFile) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: file.bytes[start..<start + byteCount])
    }

    /// The elements of `file` in order.
    func gathered(from file: MappedFile) -> TensorMemory {
        let memory = TensorMemory(byteCount: byteCount)
        withExtendedLifetime(file) {
            guard let base = file.bytes.baseAddress, byteCount > 0 else { return }
            switch elementType.byteCount {
            case 1: gather(UInt8.self, from: base + start, to: memory.bytes)
            case 2: gather(UInt16.self, from: base + start, to: memory.bytes)
            case 4: gather(UInt32.self, from: base + start, to: memory.bytes)
            default: gather(UInt64.self, from: base + start, to: memory.bytes)
            }
        }
        return memory
    }

    private func gather<Element: BitwiseCopyable>(
        _ type: Element.Type, from base: UnsafeRawPointer, to destination: UnsafeMutableRawBufferPointer
    ) {
        let size = MemoryLayout<Element>.size
        let (row, step) = (shape.last ?? 1, strides.last ?? 0)
        var index = [Int](repeating: 0, count: shape.count)
        var (source, written) = (0, 0)
        while written < count {
            for column in 0..<row {
                destination.storeBytes(
                    of: base.loadUnaligned(fromByteOffset: (source + column * step) * size, as: type),
                    toByteOffset: (written + column) * size, as: type)
            }
            written += row
            for axis in stride(from: shape.count - 2, through: 0, by: -1) {
                index[axis] += 1
                source += strides[axis]
                if index[axis] < shape[axis] { break }
                source -= strides[axis] * shape[axis]
                index[axis] = 0
            }
        }
    }
}

// Sendable: written once, before anybody else knows of it.
/// Memory of a tensor that had to be put in order.
final class TensorMemory: @unchecked Sendable {
    let bytes: UnsafeMutableRawBufferPointer

    init(byteCount: Int) { bytes = .allocate(byteCount: byteCount, alignment: 64) }

    deinit { bytes.deallocate() }
}
