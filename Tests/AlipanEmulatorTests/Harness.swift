import Testing
@testable import AlipanEmulator
