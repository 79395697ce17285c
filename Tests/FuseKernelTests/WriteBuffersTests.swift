import Testing

@testable import FuseKernel

@Suite struct WriteBuffersTests {
    @Test func largeOnesTakeTurnsAndTheRestLiesElsewhere() throws {
        let buffers = try #require(WriteBuffers(count: 1, overflowBytesMax: 2 << 20))
        let large = [UInt8](repeating: 1, count: 1 << 20)
        let small = [UInt8](repeating: 2, count: 100)
        do {
            let first = try #require(large.withUnsafeBytes { buffers.copy($0) })
            #expect(buffers.freeCount == 0)
            #expect(buffers.overflowBytes == 0)
            let second = try #require(large.withUnsafeBytes { buffers.copy($0) })
            let third = try #require(small.withUnsafeBytes { buffers.copy($0) })
            #expect(buffers.overflowBytes == (1 << 20) + 100)
            #expect(first.bytes.elementsEqual(large))
            #expect(second.bytes.elementsEqual(large))
            #expect(third.bytes.elementsEqual(small))
            // More than the bound; it takes nothing.
            #expect(large.withUnsafeBytes { buffers.copy($0) } == nil)
            #expect(buffers.overflowBytes == (1 << 20) + 100)
        }
        #expect(buffers.freeCount == 1)
        #expect(buffers.overflowBytes == 0)
    }

    @Test func smallOnesLeaveTheStandingBuffersAlone() throws {
        let buffers = try #require(WriteBuffers(count: 1, overflowBytesMax: 1 << 20))
        let copy = [UInt8](repeating: 3, count: 4096).withUnsafeBytes { buffers.copy($0) }
        #expect(copy?.bytes.count == 4096)
        #expect(buffers.freeCount == 1)
        let empty = UnsafeRawBufferPointer(start: nil, count: 0)
        #expect(buffers.copy(empty)?.bytes.count == 0)
    }
}
